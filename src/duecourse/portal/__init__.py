"""The portal: what borrowers see and do by themselves, about their own loans and nobody else's."""
