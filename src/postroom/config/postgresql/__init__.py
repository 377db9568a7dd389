"""Which database does Django talk to? Its own PostgreSQL, with another look at kept connections."""
