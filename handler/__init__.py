"""Custom::StackSet: the Lambda function that lets a stack own a stack set.

A request falls through the folders in alphabetical order, and each knows only what is below it:
app > custom_resource > deployment > gateway > plan, properties > values, errors > causes.
"""
