"""Throughput of the stacked trainer against what people would write instead."""
