"""How it is shown: figures, the record of verdicts, the table in the terminal."""
