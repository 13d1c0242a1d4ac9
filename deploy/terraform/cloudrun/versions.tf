# The service on Cloud Run, for callers that IAM knows:
#   terraform init && terraform apply -var project=PROJECT -var image_tag=0.1.0 -var 'invokers=["serviceAccount:..."]'
# The first time without the service, since its image must be in the registry before:
#   terraform apply -target google_artifact_registry_repository.images ..., push the image, apply the rest.
terraform {
  required_version = ">= 1.9"
  required_providers {
    google = {
      source  = "hashicorp/google"
      version = "~> 7.45"
    }
  }
}

provider "google" {
  project = var.project
  region  = var.region
}
