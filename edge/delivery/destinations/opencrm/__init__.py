"""AbrPlus OpenCRM: the neutral form in which any CRM can take the calls of the same vendor."""
