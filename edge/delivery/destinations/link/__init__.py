"""The CRM link: CloudEvents over HTTP, the form that this project defines."""
