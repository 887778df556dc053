"""Custom::StackSet: the Lambda function that lets a stack own a stack set."""
