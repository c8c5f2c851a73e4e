"""The engine for a GPU: all networks of an experiment as one stack, whose steps are captured in CUDA graphs."""
