"""Bitrix24's external telephony: a call is registered when it begins and finished when it ends."""
