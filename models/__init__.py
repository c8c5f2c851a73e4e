"""What is trained: experiments, their data and networks, two engines, and measurements of trained networks."""
