"""Daily evaluation of the agent that writes Databricks apps."""

__version__ = "0.1.0"
