"""Reports: tables, curves and pictures of scorecards."""
