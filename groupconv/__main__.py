"""`python -m groupconv`, which is the command `groupconv`."""

from groupconv.cli import main

if __name__ == "__main__":
    main()
