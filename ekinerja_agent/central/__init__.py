"""The central database: what terminals recorded, what people imported, who acted, and what the scores are.

The only home of SQLAlchemy. Loads nothing by itself: an office's collector needs `engine` and `inbox` and must not pay
for the frames of `facts` and `results`.
"""
