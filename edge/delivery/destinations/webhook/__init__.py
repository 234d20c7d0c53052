"""Any program that takes signed webhooks: one CloudEvent a request, signed by Standard Webhooks."""
