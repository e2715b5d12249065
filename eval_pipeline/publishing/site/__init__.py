"""The dashboard: a static site under HOME/site that opens from disk, with no network and no server.

Everything shown may be hostile: templates escape by default, file names are made by us, and a content security policy
allows only our own files.
"""

from eval_pipeline.publishing.site.build import build_site
from eval_pipeline.publishing.site.library import chart_library, ensure_chart_library

__all__ = ["build_site", "chart_library", "ensure_chart_library"]
