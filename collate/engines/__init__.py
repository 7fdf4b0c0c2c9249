"""Engines: what turns prompts into rationales, as any agent. vLLM and transformers."""
