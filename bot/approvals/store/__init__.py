"""The tables of decisions: who has clicked what, who is asked, and whom each request is shown to."""
