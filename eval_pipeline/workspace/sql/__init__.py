"""Databricks SQL on DuckDB: parse and guard, transform, run commands, name errors and types as Databricks does."""
