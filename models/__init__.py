"""What is run: data, networks, experiments, their training, and the store of finished runs."""
