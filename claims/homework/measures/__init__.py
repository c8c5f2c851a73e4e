"""How a seed becomes a number: measures of arrays, one number a seed. Pure."""
