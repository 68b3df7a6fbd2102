"""`python -m hsm_sim` is the command `hsm-sim`."""

from hsm_sim.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
