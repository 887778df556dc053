"""The command `stackset`: what operators and authors see, preview and check; never in the bundle.

Templates: main > formats, schema > validate > worlds, places > documents. Live stack sets: main >
live > status, explain, export, report > snapshot > service.
"""
