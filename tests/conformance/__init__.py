"""What every implementation of a protocol promises."""
