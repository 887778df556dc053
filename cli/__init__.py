"""The command `stackset`: what operators and authors see, preview and check; never in the bundle.

From top to bottom: main > formats > validate > worlds, places > documents.
"""
