"""What people brought: batches of facts, what was decided of them, activities and requests that wait."""
