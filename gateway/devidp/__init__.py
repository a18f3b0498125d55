"""The development identity provider: signs in anybody as anybody. DEVELOPMENT ONLY / 仅供开发.

It exists so that a sample house needs no outside provider. Settings refuse it in production.
"""
