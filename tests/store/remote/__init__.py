"""Tests of homes on other machines, by a stand-in for the program `ssh`."""
