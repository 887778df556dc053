"""Pure: what differs, and in how few operations it is mended."""
