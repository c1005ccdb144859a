"""Files as they are read and written: whole and on the disk, tables of text, cells that spreadsheets never run."""
