"""What agents see and do, one module a family of pages."""
