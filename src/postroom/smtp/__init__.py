"""The wire: SMTP connections and servers, with no Django and no database."""
