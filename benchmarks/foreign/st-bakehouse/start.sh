#!/usr/bin/env bash
set -e
exec python -m streamlit run streamlit_app.py \
  --server.port "${DATABRICKS_APP_PORT:-${PORT:-8501}}" \
  --server.address 0.0.0.0 \
  --server.headless true \
  --browser.gatherUsageStats false
