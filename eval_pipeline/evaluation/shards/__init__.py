"""Judging on other machines: a batch is cut into shards, each travels as a file to a machine that judges it with the
same evaluator, and its verdicts and evidence come back as a file.

Nothing else is shared: no home, no database, no mounted store. How the files travel and who starts the work there is a
`ShardRunner`'s business (`resources/shard_runner.py` for Databricks, `celery_shards.py` for Celery).
"""
