"""One module a report: which figures it takes and how it lays them out."""
