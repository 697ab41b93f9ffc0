"""What members say of products: searching their reviews, and the figures of a product's voice."""
