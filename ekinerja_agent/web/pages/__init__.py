"""The pages of the board, a module for each family with its `routes`. Each asks `access` before it shows anything."""
