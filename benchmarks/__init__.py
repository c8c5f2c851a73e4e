"""Throughput of both engines against what people would write instead."""
