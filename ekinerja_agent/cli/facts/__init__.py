"""Commands about people, and about what is brought, asked and decided."""
