"""Thirty made-up days of one made-up generator, so that trends, alerts and issues can be seen at once.

Nothing here was measured. The label is in the data itself: the generator's name, the prompts and every reason say so,
wherever they are shown.
"""

from eval_pipeline.demo_archive.archive import SAMPLE_GENERATOR, ArchiveDay, is_sample, load_archive

__all__ = ["SAMPLE_GENERATOR", "ArchiveDay", "is_sample", "load_archive"]
