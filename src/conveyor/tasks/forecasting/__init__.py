"""The coming steps of series, as quantiles."""
