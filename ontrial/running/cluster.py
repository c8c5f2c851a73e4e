"""A Dask cluster in place of processes of our own."""

from concurrent.futures import Executor


def dask_executor(address: str, seconds: float = 10.0) -> Executor:
    """The executor of a Dask cluster, started in this project's folder, with the run store and the data in reach.

    Raises ValueError where dask is not installed or no scheduler answers at the address in so many seconds.
    """
    try:
        from distributed import Client
    except ImportError as error:
        raise ValueError(f"--engine {address}: Dask is not installed; pip install distributed") from error
    try:
        return Client(address, timeout=seconds, set_as_default=False).get_executor()
    except (OSError, ValueError) as error:
        raise ValueError(f"--engine {address}: no Dask scheduler answers there ({error}); start one first") from error
