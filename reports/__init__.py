"""Results of scenarios, from the records that a run leaves behind to HTML, Markdown, tables and comparisons."""
