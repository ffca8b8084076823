"""What several matches share."""
