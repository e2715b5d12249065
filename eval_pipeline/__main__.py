"""`python -m eval_pipeline` is the `eval-pipeline` command."""

from eval_pipeline.cli import main

main()
