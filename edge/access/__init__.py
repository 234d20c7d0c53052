"""Who may use the box: users, their sessions and roles, the setup code, and what each changed."""
