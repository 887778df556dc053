"""What build.sh does behind its words; runs on the developer's machine, never in Lambda."""
