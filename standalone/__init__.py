"""The whole house on one machine: engines, offices, gateway, certificates, and the demo."""
