"""Tidegate's server package: pure rooms that decide, one store that speaks SQL, thin edges that carry bytes."""
