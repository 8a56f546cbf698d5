"""Drawing standards as data: which layers mean what, the words of several languages, what is proposed for
a drawing no standard explains.
"""
