"""How servers are logged in to with OAuth: registrations, accounts, their tokens and what threatens them."""
