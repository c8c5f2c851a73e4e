"""The engine for a CPU: a compiled loop, network by network, and compiled second derivatives."""
