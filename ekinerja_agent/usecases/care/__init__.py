"""What a person does about a terminal: verify, clear, set its clock, redate its punches, keep its people."""
