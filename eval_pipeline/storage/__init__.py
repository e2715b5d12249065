"""Where rows and files live: Delta tables and the artifact store."""
