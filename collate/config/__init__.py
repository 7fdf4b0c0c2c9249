"""Settings: which there are, how presets and overrides become them, and what cannot work.

Imports neither torch, nor Ray, nor vLLM.
"""
