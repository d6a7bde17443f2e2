"""The catalog as tables in Datasette: read-only, with questions to click and pictures in the cells."""
